"""District-level units of the 63 old provinces as they stood in March 2025, for the names of demo offices.

Written down from general knowledge: a number of names per province that equals `old_districts_2025_03` of
app/data/provinces.csv. The offices, their people and their cases are made up.
"""

from typing import Final

KINDS: Final = {"p": "thành phố", "q": "quận", "x": "thị xã", "h": "huyện"}

# Per province code: kind of unit, then the names of that kind.
DISTRICTS: Final = {
    "01": (
        "q Ba Đình, Hoàn Kiếm, Tây Hồ, Long Biên, Cầu Giấy, Đống Đa, Hai Bà Trưng, Hoàng Mai, Thanh Xuân, Nam Từ "
        "Liêm, Bắc Từ Liêm, Hà Đông; x Sơn Tây; h Sóc Sơn, Đông Anh, Gia Lâm, Thanh Trì, Mê Linh, Ba Vì, Phúc Thọ, "
        "Đan Phượng, Hoài Đức, Quốc Oai, Thạch Thất, Chương Mỹ, Thanh Oai, Thường Tín, Phú Xuyên, Ứng Hòa, Mỹ Đức"
    ),
    "02": (
        "p Hà Giang; h Đồng Văn, Mèo Vạc, Yên Minh, Quản Bạ, Vị Xuyên, Bắc Mê, Hoàng Su Phì, Xín Mần, Bắc Quang, "
        "Quang Bình"
    ),
    "04": "p Cao Bằng; h Bảo Lâm, Bảo Lạc, Hà Quảng, Trùng Khánh, Hạ Lang, Quảng Hòa, Hòa An, Nguyên Bình, Thạch An",
    "06": "p Bắc Kạn; h Pác Nặm, Ba Bể, Ngân Sơn, Bạch Thông, Chợ Đồn, Chợ Mới, Na Rì",
    "08": "p Tuyên Quang; h Lâm Bình, Na Hang, Chiêm Hóa, Hàm Yên, Yên Sơn, Sơn Dương",
    "10": "p Lào Cai; x Sa Pa; h Bát Xát, Mường Khương, Si Ma Cai, Bắc Hà, Bảo Thắng, Bảo Yên, Văn Bàn",
    "11": (
        "p Điện Biên Phủ; x Mường Lay; h Mường Nhé, Mường Chà, Tủa Chùa, Tuần Giáo, Điện Biên, Điện Biên Đông, "
        "Mường Ảng, Nậm Pồ"
    ),
    "12": "p Lai Châu; h Tam Đường, Mường Tè, Sìn Hồ, Phong Thổ, Than Uyên, Tân Uyên, Nậm Nhùn",
    "14": (
        "p Sơn La; x Mộc Châu; h Quỳnh Nhai, Thuận Châu, Mường La, Bắc Yên, Phù Yên, Yên Châu, Mai Sơn, Sông Mã, "
        "Sốp Cộp, Vân Hồ"
    ),
    "15": "p Yên Bái; x Nghĩa Lộ; h Lục Yên, Văn Yên, Mù Cang Chải, Trấn Yên, Trạm Tấu, Văn Chấn, Yên Bình",
    "17": "p Hòa Bình; h Đà Bắc, Lương Sơn, Kim Bôi, Cao Phong, Tân Lạc, Mai Châu, Lạc Sơn, Yên Thủy, Lạc Thủy",
    "19": "p Thái Nguyên, Sông Công, Phổ Yên; h Định Hóa, Phú Lương, Đồng Hỷ, Võ Nhai, Đại Từ, Phú Bình",
    "20": (
        "p Lạng Sơn; h Tràng Định, Bình Gia, Văn Lãng, Cao Lộc, Văn Quan, Bắc Sơn, Hữu Lũng, Chi Lăng, Lộc Bình, "
        "Đình Lập"
    ),
    "22": (
        "p Hạ Long, Móng Cái, Cẩm Phả, Uông Bí, Đông Triều; x Quảng Yên; h Bình Liêu, Tiên Yên, Đầm Hà, Hải Hà, Ba "
        "Chẽ, Vân Đồn, Cô Tô"
    ),
    "24": "p Bắc Giang; x Việt Yên, Chũ; h Yên Thế, Tân Yên, Lạng Giang, Lục Nam, Lục Ngạn, Sơn Động, Hiệp Hòa",
    "25": (
        "p Việt Trì; x Phú Thọ; h Đoan Hùng, Hạ Hòa, Thanh Ba, Phù Ninh, Yên Lập, Cẩm Khê, Tam Nông, Lâm Thao, "
        "Thanh Sơn, Thanh Thủy, Tân Sơn"
    ),
    "26": "p Vĩnh Yên, Phúc Yên; h Lập Thạch, Tam Dương, Tam Đảo, Bình Xuyên, Yên Lạc, Vĩnh Tường, Sông Lô",
    "27": "p Bắc Ninh, Từ Sơn; x Thuận Thành, Quế Võ; h Yên Phong, Tiên Du, Gia Bình, Lương Tài",
    "30": (
        "p Hải Dương, Chí Linh; x Kinh Môn; h Nam Sách, Kim Thành, Thanh Hà, Cẩm Giàng, Bình Giang, Gia Lộc, Tứ Kỳ, "
        "Ninh Giang, Thanh Miện"
    ),
    "31": (
        "p Thủy Nguyên; q Hồng Bàng, Ngô Quyền, Lê Chân, Hải An, Kiến An, Đồ Sơn, Dương Kinh, An Dương; h An Lão, "
        "Kiến Thụy, Tiên Lãng, Vĩnh Bảo, Cát Hải, Bạch Long Vĩ"
    ),
    "33": "p Hưng Yên; x Mỹ Hào; h Văn Lâm, Văn Giang, Yên Mỹ, Khoái Châu, Ân Thi, Kim Động, Tiên Lữ, Phù Cừ",
    "34": "p Thái Bình; h Quỳnh Phụ, Hưng Hà, Đông Hưng, Thái Thụy, Tiền Hải, Kiến Xương, Vũ Thư",
    "35": "p Phủ Lý; x Duy Tiên, Kim Bảng; h Thanh Liêm, Bình Lục, Lý Nhân",
    "36": "p Nam Định; h Vụ Bản, Ý Yên, Nghĩa Hưng, Nam Trực, Trực Ninh, Xuân Trường, Giao Thủy, Hải Hậu",
    "37": "p Hoa Lư, Tam Điệp; h Nho Quan, Gia Viễn, Yên Khánh, Kim Sơn, Yên Mô",
    "38": (
        "p Thanh Hóa, Sầm Sơn; x Bỉm Sơn, Nghi Sơn; h Mường Lát, Quan Hóa, Bá Thước, Quan Sơn, Lang Chánh, Ngọc "
        "Lặc, Cẩm Thủy, Thạch Thành, Hà Trung, Vĩnh Lộc, Yên Định, Thọ Xuân, Thường Xuân, Triệu Sơn, Thiệu Hóa, "
        "Hoằng Hóa, Hậu Lộc, Nga Sơn, Như Xuân, Như Thanh, Nông Cống, Quảng Xương"
    ),
    "40": (
        "p Vinh; x Hoàng Mai, Thái Hòa; h Quế Phong, Quỳ Châu, Kỳ Sơn, Tương Dương, Nghĩa Đàn, Quỳ Hợp, Quỳnh Lưu, "
        "Con Cuông, Tân Kỳ, Anh Sơn, Diễn Châu, Yên Thành, Đô Lương, Thanh Chương, Nghi Lộc, Nam Đàn, Hưng Nguyên"
    ),
    "42": (
        "p Hà Tĩnh; x Hồng Lĩnh, Kỳ Anh; h Hương Sơn, Đức Thọ, Vũ Quang, Nghi Xuân, Can Lộc, Hương Khê, Thạch Hà, "
        "Cẩm Xuyên, Kỳ Anh"
    ),
    "44": "p Đồng Hới; x Ba Đồn; h Minh Hóa, Tuyên Hóa, Quảng Trạch, Bố Trạch, Quảng Ninh, Lệ Thủy",
    "45": "p Đông Hà; x Quảng Trị; h Vĩnh Linh, Hướng Hóa, Gio Linh, Đakrông, Cam Lộ, Triệu Phong, Hải Lăng, Cồn Cỏ",
    "46": "q Thuận Hóa, Phú Xuân; x Hương Thủy, Hương Trà, Phong Điền; h Quảng Điền, Phú Vang, Phú Lộc, A Lưới",
    "48": "q Hải Châu, Thanh Khê, Sơn Trà, Ngũ Hành Sơn, Liên Chiểu, Cẩm Lệ; h Hòa Vang, Hoàng Sa",
    "49": (
        "p Tam Kỳ, Hội An; x Điện Bàn; h Tây Giang, Đông Giang, Đại Lộc, Duy Xuyên, Quế Sơn, Nam Giang, Phước Sơn, "
        "Hiệp Đức, Thăng Bình, Tiên Phước, Bắc Trà My, Nam Trà My, Núi Thành, Phú Ninh"
    ),
    "51": (
        "p Quảng Ngãi; x Đức Phổ; h Bình Sơn, Trà Bồng, Sơn Tịnh, Tư Nghĩa, Sơn Hà, Sơn Tây, Minh Long, Nghĩa Hành, "
        "Mộ Đức, Ba Tơ, Lý Sơn"
    ),
    "52": (
        "p Quy Nhơn; x Hoài Nhơn, An Nhơn; h An Lão, Hoài Ân, Phù Mỹ, Vĩnh Thạnh, Tây Sơn, Phù Cát, Tuy Phước, Vân Canh"
    ),
    "54": "p Tuy Hòa; x Sông Cầu, Đông Hòa; h Đồng Xuân, Tuy An, Sơn Hòa, Sông Hinh, Tây Hòa, Phú Hòa",
    "56": "p Nha Trang, Cam Ranh; x Ninh Hòa; h Cam Lâm, Vạn Ninh, Khánh Vĩnh, Diên Khánh, Khánh Sơn, Trường Sa",
    "58": "p Phan Rang - Tháp Chàm; h Bác Ái, Ninh Sơn, Ninh Hải, Ninh Phước, Thuận Bắc, Thuận Nam",
    "60": (
        "p Phan Thiết; x La Gi; h Tuy Phong, Bắc Bình, Hàm Thuận Bắc, Hàm Thuận Nam, Tánh Linh, Đức Linh, Hàm Tân, "
        "Phú Quý"
    ),
    "62": "p Kon Tum; h Đắk Glei, Ngọc Hồi, Đắk Tô, Kon Plông, Kon Rẫy, Đắk Hà, Sa Thầy, Tu Mơ Rông, Ia H'Drai",
    "64": (
        "p Pleiku; x An Khê, Ayun Pa; h KBang, Đak Đoa, Chư Păh, Ia Grai, Mang Yang, Kông Chro, Đức Cơ, Chư Prông, "
        "Chư Sê, Đak Pơ, Ia Pa, Krông Pa, Phú Thiện, Chư Pưh"
    ),
    "66": (
        "p Buôn Ma Thuột; x Buôn Hồ; h Ea H'leo, Ea Súp, Buôn Đôn, Cư M'gar, Krông Búk, Krông Năng, Ea Kar, M'Đrắk, "
        "Krông Bông, Krông Pắc, Krông A Na, Lắk, Cư Kuin"
    ),
    "67": "p Gia Nghĩa; h Đắk Glong, Cư Jút, Đắk Mil, Krông Nô, Đắk Song, Đắk R'lấp, Tuy Đức",
    "68": "p Đà Lạt, Bảo Lộc; h Đam Rông, Lạc Dương, Lâm Hà, Đơn Dương, Đức Trọng, Di Linh, Bảo Lâm, Đạ Huoai",
    "70": (
        "p Đồng Xoài; x Bình Long, Phước Long, Chơn Thành; h Bù Gia Mập, Lộc Ninh, Bù Đốp, Hớn Quản, Đồng Phú, Bù "
        "Đăng, Phú Riềng"
    ),
    "72": "p Tây Ninh; x Hòa Thành, Trảng Bàng; h Tân Biên, Tân Châu, Dương Minh Châu, Châu Thành, Gò Dầu, Bến Cầu",
    "74": "p Thủ Dầu Một, Dĩ An, Thuận An, Tân Uyên, Bến Cát; h Bàu Bàng, Dầu Tiếng, Phú Giáo, Bắc Tân Uyên",
    "75": (
        "p Biên Hòa, Long Khánh; h Tân Phú, Vĩnh Cửu, Định Quán, Trảng Bom, Thống Nhất, Cẩm Mỹ, Long Thành, Xuân "
        "Lộc, Nhơn Trạch"
    ),
    "77": "p Vũng Tàu, Bà Rịa, Phú Mỹ; h Châu Đức, Xuyên Mộc, Long Đất, Côn Đảo",
    "79": (
        "p Thủ Đức; q 1, 3, 4, 5, 6, 7, 8, 10, 11, 12, Gò Vấp, Bình Thạnh, Tân Bình, Tân Phú, Phú Nhuận, Bình Tân; "
        "h Củ Chi, Hóc Môn, Bình Chánh, Nhà Bè, Cần Giờ"
    ),
    "80": (
        "p Tân An; x Kiến Tường; h Tân Hưng, Vĩnh Hưng, Mộc Hóa, Tân Thạnh, Thạnh Hóa, Đức Huệ, Đức Hòa, Bến Lức, "
        "Thủ Thừa, Tân Trụ, Cần Đước, Cần Giuộc, Châu Thành"
    ),
    "82": (
        "p Mỹ Tho, Gò Công; x Cai Lậy; h Tân Phước, Cái Bè, Cai Lậy, Châu Thành, Chợ Gạo, Gò Công Tây, Gò Công "
        "Đông, Tân Phú Đông"
    ),
    "83": "p Bến Tre; h Châu Thành, Chợ Lách, Mỏ Cày Nam, Giồng Trôm, Bình Đại, Ba Tri, Thạnh Phú, Mỏ Cày Bắc",
    "84": "p Trà Vinh; x Duyên Hải; h Càng Long, Cầu Kè, Tiểu Cần, Châu Thành, Cầu Ngang, Trà Cú, Duyên Hải",
    "86": "p Vĩnh Long; x Bình Minh; h Long Hồ, Mang Thít, Vũng Liêm, Tam Bình, Trà Ôn, Bình Tân",
    "87": (
        "p Cao Lãnh, Sa Đéc, Hồng Ngự; h Tân Hồng, Hồng Ngự, Tam Nông, Tháp Mười, Cao Lãnh, Thanh Bình, Lấp Vò, Lai "
        "Vung, Châu Thành"
    ),
    "89": (
        "p Long Xuyên, Châu Đốc; x Tân Châu, Tịnh Biên; h An Phú, Phú Tân, Châu Phú, Tri Tôn, Châu Thành, Chợ Mới, "
        "Thoại Sơn"
    ),
    "91": (
        "p Rạch Giá, Hà Tiên, Phú Quốc; h Kiên Lương, Hòn Đất, Tân Hiệp, Châu Thành, Giồng Riềng, Gò Quao, An Biên, "
        "An Minh, Vĩnh Thuận, Kiên Hải, U Minh Thượng, Giang Thành"
    ),
    "92": "q Ninh Kiều, Ô Môn, Bình Thủy, Cái Răng, Thốt Nốt; h Vĩnh Thạnh, Cờ Đỏ, Phong Điền, Thới Lai",
    "93": "p Vị Thanh, Ngã Bảy; x Long Mỹ; h Châu Thành A, Châu Thành, Phụng Hiệp, Vị Thủy, Long Mỹ",
    "94": (
        "p Sóc Trăng; x Vĩnh Châu, Ngã Năm; h Châu Thành, Kế Sách, Mỹ Tú, Cù Lao Dung, Long Phú, Mỹ Xuyên, Thạnh "
        "Trị, Trần Đề"
    ),
    "95": "p Bạc Liêu; x Giá Rai; h Hồng Dân, Phước Long, Vĩnh Lợi, Đông Hải, Hòa Bình",
    "96": "p Cà Mau; h U Minh, Thới Bình, Trần Văn Thời, Cái Nước, Đầm Dơi, Năm Căn, Phú Tân, Ngọc Hiển",
}


def districts(province_code: str) -> list[tuple[str, str]]:
    """(kind, name) of every district-level unit of an old province, for example ("quận", "Ba Đình")."""
    groups = (group.split(" ", 1) for group in DISTRICTS[province_code].split("; "))
    return [(KINDS[kind], name) for kind, names in groups for name in names.split(", ")]
